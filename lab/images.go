package lab

import "strconv"

// An image is a database (or a tool) from Debian's own packages. Another one is
// another row of images() and an entrypoint in images/NAME/.
type image struct {
	Name, Tag string
	Official  bool     // there is one of this name to compare with (LAB_IMAGES=hub)
	Suite     string   // Debian suite that has this version
	Packages  []string // what is installed, beside a minimal system
	Users     []account
	Config    imageConfig
	Folders   []folder // made in the image, with their owners
	Drop      []string // removed when all is installed, beside documentation
	Scripts   string   `json:",omitempty"` // folder of images/ with the entrypoint; none: Name
	Programs  []string `json:",omitempty"` // parts whose programs go to /usr/local/bin
	Static    bool     `json:"-"`          // of one static busybox instead of a system
}

type imageConfig struct {
	Env        []string
	Entrypoint []string
	Cmd        []string
	WorkingDir string `json:",omitempty"`
	StopSignal string
	Ports      []string
	Volumes    []string
}

// account is made before the packages are installed, so that it has the ids of
// the official image and volumes can change hands between the two.
type account struct {
	Name string
	ID   int
	Home string
}

type folder struct {
	Path string
	Mode int64
	ID   int
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// images is the table of database images.
func images() []image {
	return []image{
		postgres(13, "bullseye"),
		postgres(15, "bookworm"),
		postgres(17, "trixie"),
		postgres(18, "forky"),
		mysqlImage("mysql", "9.7", "sid"),
		mysqlImage("mariadb", "10.11", "bookworm"),
		mysqlImage("mariadb", "11.8", "trixie"),
		keyValue("redis", "6.0", "bullseye"),
		keyValue("redis", "7.0", "bookworm"),
		keyValue("redis", "8.0", "trixie"),
		keyValue("valkey", "8.1", "trixie"),
		keyValue("valkey", "9.1", "forky"),
		ferretImage(),
		fakeMongoImage(),
		busybox(),
	}
}

// Images lists the references of all images that the lab has.
func Images() []string {
	var out []string
	for _, i := range images() {
		out = append(out, i.Ref())
	}
	return out
}

func postgres(major int, suite string) image {
	n := strconv.Itoa(major)
	const id, data = 999, "/var/lib/postgresql/data"
	return image{
		Name: "postgres", Tag: n, Official: true,
		Suite:    suite,
		Packages: []string{"postgresql-" + n},
		Users:    []account{{"postgres", id, "/var/lib/postgresql"}},
		Config: imageConfig{
			Env: []string{
				"PATH=/usr/lib/postgresql/" + n + "/bin:" + systemPath,
				"LANG=C.UTF-8",
				"PG_MAJOR=" + n,
				"PGDATA=" + data,
			},
			Entrypoint: []string{"docker-entrypoint.sh"},
			Cmd:        []string{"postgres"},
			StopSignal: "SIGINT",
			Ports:      []string{"5432/tcp"},
			Volumes:    []string{data},
		},
		Folders: []folder{
			{"var/lib/postgresql", 0o755, id},
			{"var/lib/postgresql/data", 0o1777, id},
			{"run/postgresql", 0o2777, id},
			{"docker-entrypoint-initdb.d", 0o755, 0},
		},
		// LLVM is a third of the size, and the server runs without it: no JIT.
		Drop: []string{
			"/usr/lib/*/libLLVM*", "/usr/lib/*/libz3.so*",
			"/usr/lib/postgresql/*/lib/llvmjit*", "/usr/lib/postgresql/*/lib/bitcode",
		},
	}
}

// busybox is a small image with no database in it.
func busybox() image {
	return image{
		Name: "busybox", Tag: "lab", Static: true,
		Suite:    "trixie",
		Packages: []string{"busybox-static"},
		Config: imageConfig{
			Env: []string{"PATH=" + systemPath},
			Cmd: []string{"sh"},
		},
	}
}
