// Package redis quiesces Redis 6 to 8 and Valkey 8 and 9. Its fence is CLIENT
// PAUSE WRITE: it does not die with a connection but expires by the server's
// clock, so it is planned, told of, and lifted by whoever releases it. A write
// of Redis is done or not begun: nothing is ever in flight.
package redis
