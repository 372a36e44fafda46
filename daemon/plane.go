package daemon

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane"
	"culvert/dataplane/xfrm"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/swanctl"
	"culvert/wire"
)

// A choice is the data plane that carries the packets of a process, and why it was chosen, if the daemon did.
type choice struct {
	backend config.Backend
	reason  string
}

// choosePlane finds the data plane for a configuration.
func choosePlane(cfg *config.Config) (choice, error) {
	configured := cfg.Daemon.Dataplane.Backend
	if configured != config.BackendAuto && configured != config.BackendKernel {
		return choice{backend: configured}, nil
	}
	lack := kernelLacks(cfg)
	if lack == nil && configured == config.BackendAuto {
		lack = fewKernels(cfg)
	}
	switch {
	case lack == nil && configured == config.BackendKernel:
		return choice{backend: config.BackendKernel}, nil
	case lack == nil:
		return choice{config.BackendKernel, "the kernel has all that the connections need"}, nil
	case configured == config.BackendKernel:
		return choice{}, api.NewProblem(0, explain.HostKernelESP, `set it to "auto", which takes user space here; the code tells what the kernel may lack`,
			"%sbackend = \"kernel\", but %v", placed(&cfg.Daemon.Dataplane.Origin, "backend"), lack)
	}
	if name, child := needsKernel(cfg); child != nil {
		return choice{}, api.NewProblem(0, explain.HostKernelESP, "leave them out, or give the kernel what it lacks", "%s%s has options of the kernel's data plane, but %v", placed(&child.Origin, ""), name, lack)
	}
	return choice{config.BackendUser, lack.Error()}, nil
}

// fits tells whether the data plane that runs can carry a configuration that comes later. Of one that it cannot, policies that
// keep clear text in would be missing.
func (c choice) fits(cfg *config.Config) error {
	switch c.backend {
	case config.BackendKernel:
		if lack := kernelLacks(cfg); lack != nil {
			return api.NewProblem(0, explain.HostKernelESP, "leave that out, or restart the daemon, which chooses the data plane anew", "the kernel's data plane is running, but %v", lack)
		}
	case config.BackendUser:
		if name, child := needsKernel(cfg); child != nil {
			return api.NewProblem(0, explain.HostKernelESP, "restart the daemon, which chooses the data plane anew, or leave the option out",
				"%s%s has options of the kernel's data plane, and that in user space is running", placed(&child.Origin, ""), name)
		}
	}
	return nil
}

// eachChild walks over the children of all connections by their full names.
func eachChild(cfg *config.Config) iter.Seq2[string, *config.Child] {
	return func(yield func(string, *config.Child) bool) {
		for _, c := range cfg.Connections {
			for _, child := range c.Children {
				if !yield(c.Name+"/"+child.Name, child) {
					return
				}
			}
		}
	}
}

// placed says where an option stands, or its block without one, in front of a message. "": nowhere, as in a default, or in a text in
// memory that nobody has seen.
func placed(o *config.Origin, option string) string {
	place := o.Place(option)
	if !o.Present() || strings.HasPrefix(place.File, swanctl.Folder) {
		return ""
	}
	return place.String() + ": "
}

// needsKernel finds a child that has options of the kernel's data plane.
func needsKernel(cfg *config.Config) (string, *config.Child) {
	for _, c := range cfg.Connections {
		for _, child := range c.Children {
			if child.Kernel != (dataplane.Kernel{}) || c.OwnInterfaces() {
				return c.Name + "/" + child.Name, child
			}
		}
	}
	return "", nil
}

// kernelLacks says what keeps the kernel from carrying the children of a configuration. nil: it can.
func kernelLacks(cfg *config.Config) error {
	if name := needsStreams(cfg); name != "" {
		return fmt.Errorf("connection %s may use streams of TCP, whose ESP the kernel does not carry for us", name)
	}
	for _, p := range policiesOf(cfg) {
		if err := xfrm.UnsupportedPolicy(&p); err != nil {
			return fmt.Errorf("policy %s: %w", p.Name, err)
		}
	}
	var wanted []suite.ESP
	for name, child := range eachChild(cfg) {
		list := childTransforms(child)
		if err := beyondKernel(child, list); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, e := range list {
			if !slices.Contains(wanted, e) {
				wanted = append(wanted, e)
			}
		}
	}
	if len(wanted) == 0 {
		wanted = transforms(suite.DefaultESP())
	}
	return xfrm.Probe(wanted)
}

// fewKernels says what of a configuration kernels from 6.14 on alone can do, so that it is better done in user space. nil:
// nothing.
func fewKernels(cfg *config.Config) error {
	for name, child := range eachChild(cfg) {
		if child.IPTFS.Mode != config.IPTFSOff {
			return fmt.Errorf("%s has IP-TFS, which few kernels have", name)
		}
	}
	return nil
}

// needsStreams names a connection that may carry ESP in TCP.
func needsStreams(cfg *config.Config) string {
	for _, c := range cfg.Connections {
		if c.Transport != ike.TransportUDP {
			return c.Name
		}
	}
	return ""
}

// beyondKernel says what no kernel does of what a child may ask for.
func beyondKernel(c *config.Child, list []suite.ESP) error {
	policy := dataplane.Policy{Local: fixed(c.Local), Remote: fixed(c.Remote)}
	if err := xfrm.UnsupportedPolicy(&policy); err != nil {
		return err
	}
	for _, e := range list {
		sa := dataplane.SA{Direction: dataplane.Inbound, Mode: c.Mode, Transforms: e, ReplayWindow: c.ReplayWindow, DF: c.DF, TFC: c.TFC, Cover: c.Cover}
		if a := aggFrag(&c.IPTFS); a != nil {
			sa.AggFrag = &a.AggFrag
		}
		if err := xfrm.Unsupported(&sa); err != nil {
			return err
		}
	}
	return nil
}

// fixed leaves out selectors whose addresses are not known before a child is up.
func fixed(list []spd.Selector) []spd.Selector {
	return slices.DeleteFunc(slices.Clone(list), func(s spd.Selector) bool { return !s.Start.IsValid() })
}

// childTransforms are what the SAs of a child may come to have.
func childTransforms(c *config.Child) []suite.ESP {
	list := transforms(c.Proposals)
	for i := range list {
		if c.DraftSHA256 {
			list[i] = list[i].AsDraft()
		}
	}
	return list
}

// transforms are what the proposals of a child can lead to.
func transforms(proposals []wire.Proposal) (list []suite.ESP) {
	for _, p := range proposals {
		of := func(t wire.TransformType) []wire.Transform {
			return slices.DeleteFunc(slices.Clone(p.Transforms), func(x wire.Transform) bool { return x.Type != t })
		}
		integ, numbers := of(wire.TransformINTEG), of(wire.TransformSN)
		for _, encr := range of(wire.TransformENCR) {
			list = append(list, combine(encr, integ, numbers)...)
		}
	}
	return list
}

func combine(encr wire.Transform, integ, numbers []wire.Transform) (list []suite.ESP) {
	if len(integ) == 0 {
		integ = []wire.Transform{{}}
	}
	if len(numbers) == 0 {
		numbers = []wire.Transform{{}}
	}
	for _, i := range integ {
		for _, n := range numbers {
			list = append(list, suite.ESP{ENCR: encr, INTEG: i, ESN: n.ID == wire.SN64})
		}
	}
	return list
}
