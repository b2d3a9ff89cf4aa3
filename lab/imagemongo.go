package lab

// ferretVersion is FerretDB's, a real server that speaks MongoDB's protocol.
const ferretVersion = "v2.7.0"

// ferretProgram is FerretDB itself; its data is in a PostgreSQL.
func ferretProgram() Part {
	p := goPart("ferretdb-program", ferretVersion, goRecipe{
		Module:   "github.com/FerretDB/FerretDB/v2",
		Packages: []string{"cmd/ferretdb"},
		Stamp:    "main.version=" + ferretVersion,
		Version:  ferretVersion,
	})
	p.Aside = true // only its image wants it
	return p
}

// ferretImage is FerretDB in front of a PostgreSQL with the DocumentDB
// extension, both in one container.
func ferretImage() image {
	i := postgres(18, "forky")
	i.Name, i.Tag, i.Official, i.Scripts = "ferretdb", ferretVersion[1:4], false, "ferretdb"
	i.Packages = append(i.Packages, "postgresql-18-documentdb")
	i.Programs = []string{ferretProgram().Name}
	i.Config.Cmd = []string{"ferretdb"}
	i.Config.Ports = []string{"27017/tcp", "5432/tcp"}
	return i
}

// fakeMongoImage is the fake mongod in a container like the official image's:
// there is no mongod to be had.
func fakeMongoImage() image {
	return image{
		Name: "mongo", Tag: "fake", Static: true,
		Suite:    "trixie",
		Packages: []string{"busybox-static"},
		Programs: []string{fakeMongod().Name},
		Config: imageConfig{
			Env:        []string{"PATH=" + systemPath},
			Entrypoint: []string{"docker-entrypoint.sh"},
			Cmd:        []string{"mongod"},
			Ports:      []string{"27017/tcp"},
			Volumes:    []string{"/data/db"},
		},
		Folders: []folder{{"data", 0o755, 0}, {"data/db", 0o755, 0}},
	}
}
