package doctor

import (
	"context"
	"strconv"
	"strings"
)

func checkLimits(_ context.Context, e *examination) {
	const files, buffer = 1024, 4 << 20
	pid, who := "thread-self", "this command"
	if p, running := e.daemon(); running {
		pid, who = p.pid, "the daemon"
	}
	switch n, known := e.openFiles(pid); {
	case !known:
		e.unknown(asRoot, "the limits of %s cannot be read", who)
	case n < files:
		e.warn("raise LimitNOFILE of the unit", "%s may have %d files and sockets open; streams and workers take some", who, n)
	default:
		e.ok("%s may have %d files and sockets open", who, n)
	}
	for _, option := range []string{"rmem_max", "wmem_max"} {
		if n, known := e.number("proc/sys/net/core/" + option); known && n < buffer {
			e.ok("net.core.%s is %d: a daemon with CAP_NET_ADMIN takes larger buffers all the same, one without loses packets in bursts (`sysctl -w net.core.%s=%d`)", option, n, option, buffer)
		}
	}
}

// openFiles is how many files a process may have open.
func (e *examination) openFiles(pid string) (uint64, bool) {
	for line := range strings.Lines(e.read("proc/" + pid + "/limits")) {
		rest, found := strings.CutPrefix(line, "Max open files")
		words := strings.Fields(rest)
		if !found || len(words) == 0 {
			continue
		}
		n, err := strconv.ParseUint(words[0], 10, 64)
		return n, err == nil || words[0] == "unlimited"
	}
	return 0, false
}
