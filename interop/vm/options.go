package vm

import (
	"slices"
	"strings"
	"time"
)

// longest is how long a guest may run: emulation on a busy machine takes its time, and only a hung guest uses it up.
const longest = 30 * time.Minute

// options are what the test binary was started with.
type options struct {
	list    bool // print the names of the tests
	short   bool // the short mode
	timeout time.Duration
	guest   []string // the arguments for the guest: all but those that name files of the host, and the limit
}

// hostOptions name files of the host, or say what the host does by itself.
var hostOptions = []string{
	"-test.testlogfile", "-test.coverprofile", "-test.gocoverdir", "-test.outputdir", "-test.cpuprofile", "-test.memprofile",
	"-test.blockprofile", "-test.mutexprofile", "-test.trace", "-test.timeout",
}

func readOptions(args []string) options {
	o := options{timeout: longest}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case name == "-test.list":
			o.list = true
		case name == "-test.short" && value != "false":
			o.short = true
		case name == "-test.timeout":
			if d, err := time.ParseDuration(value); err == nil && d > 0 {
				o.timeout = min(d, longest)
			}
		}
		if !slices.Contains(hostOptions, name) {
			o.guest = append(o.guest, arg)
		}
	}
	return o
}
