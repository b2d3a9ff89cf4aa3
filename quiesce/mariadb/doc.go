// Package mariadb quiesces MariaDB from 10.5 on. What it has in common with
// MySQL is in quiesce/internal/mysqlproto.
package mariadb
