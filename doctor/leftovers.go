package doctor

import (
	"context"
	"errors"
	"os"
	"strings"
)

func checkLeftovers(_ context.Context, e *examination) {
	census, err := e.Host.XFRM()
	switch {
	case errors.Is(err, os.ErrPermission):
		e.unknown(asRoot, "states and policies of the kernel can be read by root only")
		return
	case err != nil:
		e.ok("the kernel has no states and policies: %v", err)
		return
	}
	_, running := e.daemon()
	if ours := census.States + census.Policies; ours > 0 && e.Status == nil && !running {
		e.warn("start the daemon, which takes its own away; or `ip xfrm state flush; ip xfrm policy flush`, which takes those of all programs",
			"a daemon that is gone has left %d states and %d policies in the kernel: they take packets", census.States, census.Policies)
	}
	switch theirs := census.ForeignStates + census.ForeignPolicies; {
	case theirs == 0:
		e.ok("the kernel has no states and policies of other programs")
	case e.kernelCarries():
		e.warn("see whose they are: `ip xfrm policy`", "another program has %d states and %d policies in the kernel; where they match, packets may take them instead of ours", census.ForeignStates, census.ForeignPolicies)
	default:
		e.warn("see whose they are: `ip xfrm policy`; stop the program, or remove them", "another program has %d states and %d policies in the kernel: they take packets before ESP in user space sees them", census.ForeignStates, census.ForeignPolicies)
	}
}

// kernelCarries tells whether the daemon that runs has the kernel carry packets.
func (e *examination) kernelCarries() bool {
	return e.Status != nil && strings.Contains(e.Status.Dataplane, "kernel")
}
