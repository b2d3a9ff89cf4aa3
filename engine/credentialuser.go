package engine

// userOf is the user that lull connects as: the label lull/user, else the
// configuration's, else the one in the file that an image's variable names. Drivers read the other variables
// themselves.
func userOf(c *Container, pid int, env map[string]string) (string, error) {
	if user := namedUser(c); user != "" {
		return user, nil
	}
	if path := env["MONGO_INITDB_ROOT_USERNAME_FILE"]; path != "" {
		return readSecret(pid, path)
	}
	return "", nil
}
