package lab

// keyValue is Redis or Valkey, which differ in name only: the server, its
// package, its user and the entrypoint are called after it.
func keyValue(name, tag, suite string) image {
	const id, data = 999, "/data"
	return image{
		Name: name, Tag: tag, Official: name == "redis",
		Suite:    suite,
		Packages: []string{name + "-server"},
		Users:    []account{{name, id, "/var/lib/" + name}},
		Config: imageConfig{
			Env:        []string{"PATH=" + systemPath},
			Entrypoint: []string{"docker-entrypoint.sh"},
			Cmd:        []string{name + "-server"},
			WorkingDir: data,
			Ports:      []string{"6379/tcp"},
			Volumes:    []string{data},
		},
		Folders: []folder{{"data", 0o755, id}},
	}
}
