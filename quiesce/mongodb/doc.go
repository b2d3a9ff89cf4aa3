// Package mongodb quiesces MongoDB. The default is a flush, {fsync: 1}. Its
// fence is fsyncLock: a counted lock of the server's that belongs to no
// connection, does not expire, and is in the image. So it is planned, taken for
// short attempts only, given up where somebody else has one, and unlocked as
// often as it was taken: here, by whoever releases it, or by the session itself
// when its time is up.
package mongodb
