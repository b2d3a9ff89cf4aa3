// Package mysqlproto is what the drivers of MySQL and MariaDB have in common:
// connections, the drain, the fence, and the frame of the flush, the evidence
// and the verification. What the two do in their own way is an Engine.
package mysqlproto
