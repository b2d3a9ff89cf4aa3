// Package mysql quiesces MySQL 8.0, 8.4 and 9.x. What it has in common with
// MariaDB is in quiesce/internal/mysqlproto.
package mysql
