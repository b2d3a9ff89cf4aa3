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

// cniVersion is of the network plugins that containerd's CRI calls.
const cniVersion = "v1.9.1"

// cniPart gives pods a network of their own, with a cable to the host.
func cniPart() Part {
	p := goPart("cni", cniVersion, goRecipe{
		Module:   "github.com/containernetworking/plugins",
		Packages: []string{"plugins/main/ptp", "plugins/ipam/host-local"},
		Stamp:    "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=" + cniVersion,
		Version:  cniVersion,
	})
	p.Aside = true
	return p
}
