package lab

// podmanParts are Podman with the programs that it starts, and crun beside it.
func podmanParts() []Part {
	return []Part{
		debianPart("podman-5", debianRecipe{
			Suite: "forky", Packages: []string{"podman", "conmon"},
			Programs: []string{"usr/bin/podman", "usr/bin/conmon"},
		}),
		debianPart("crun", debianRecipe{Suite: "forky", Packages: []string{"crun"}, Programs: []string{"usr/bin/crun"}}),
	}
}
