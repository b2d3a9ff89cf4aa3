package lab

// crictlVersion is of the CRI's own command line.
const crictlVersion = "v1.34.0"

// crictlPart speaks to a containerd as the kubelet does.
func crictlPart() Part {
	p := goPart("crictl", crictlVersion, goRecipe{
		Module:   "sigs.k8s.io/cri-tools",
		Packages: []string{"cmd/crictl"},
		Stamp:    "sigs.k8s.io/cri-tools/pkg/version.Version=" + crictlVersion,
		Version:  crictlVersion,
	})
	p.Aside = true
	return p
}
