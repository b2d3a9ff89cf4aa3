package volume

// workInside is the folder that a put back works in when it has to be inside
// the volume. It is not part of the database: no list ever has it.
const workInside = ".lull-putback"
