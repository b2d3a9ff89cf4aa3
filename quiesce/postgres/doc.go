// Package postgres quiesces PostgreSQL 13 to 18. Its fence is a table lock in
// a transaction per database, so it dies with the connection; nothing that it
// does outlives its sessions, and its sessions cannot write.
package postgres
