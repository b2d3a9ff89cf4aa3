package lab

// mysqlImage is MySQL, or MariaDB, which take the same things in the same
// places. The packages are the servers' cores, without the scripts that make a
// service of them.
func mysqlImage(name, tag, suite string) image {
	const id, data = 999, "/var/lib/mysql"
	server, version := "mysqld", "MYSQL_VERSION="
	if name == "mariadb" {
		server, version = "mariadbd", "MARIADB_VERSION="
	}
	return image{
		Name: name, Tag: tag, Official: true,
		Suite:    suite,
		Packages: []string{name + "-server-core", name + "-client-core"},
		Scripts:  "mysql",
		Users:    []account{{"mysql", id, data}},
		Config: imageConfig{
			Env:        []string{"PATH=" + systemPath, "LANG=C.UTF-8", version + tag},
			Entrypoint: []string{"docker-entrypoint.sh"},
			Cmd:        []string{server},
			Ports:      []string{"3306/tcp"},
			Volumes:    []string{data},
		},
		Folders: []folder{
			{"var/lib/mysql", 0o1777, id},
			{"run/mysqld", 0o1777, id},
			{"docker-entrypoint-initdb.d", 0o755, 0},
		},
	}
}
