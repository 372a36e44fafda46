package doctor

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// read returns a file without the space around it, "" if it cannot be read.
func (e *examination) read(name string) string {
	text, err := fs.ReadFile(e.Host.Files(), name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// number reads a file that holds one number.
func (e *examination) number(name string) (int, bool) {
	n, err := strconv.Atoi(e.read(name))
	return n, err == nil
}

// A process is one that runs on the host.
type process struct {
	pid  string
	name string
}

func (p process) String() string { return p.name + " (process " + p.pid + ")" }

// processes lists what runs, as far as it can be seen.
func (e *examination) processes() []process {
	names, _ := fs.Glob(e.Host.Files(), "proc/[0-9]*/comm")
	var list []process
	for _, name := range names {
		if comm := e.read(name); comm != "" {
			list = append(list, process{path.Base(path.Dir(name)), comm})
		}
	}
	return list
}

// ours tells whether a process is a daemon of this program: the one that answers, or one by its command line. Whoever has given
// its binary another name runs the same file as we are.
func (e *examination) ours(p process) bool {
	if e.Status != nil && p.pid == strconv.Itoa(e.Status.Process.PID) {
		return true
	}
	words := strings.Split(e.read("proc/"+p.pid+"/cmdline"), "\x00")
	named := strings.HasPrefix(p.name, "culvert") || strings.HasPrefix(path.Base(words[0]), "culvert")
	return slices.Contains(words[1:], "daemon") && (named || e.sameBinary(p))
}

// sameBinary tells whether a process runs the file that we run, or one that stood in its place before an upgrade.
func (e *examination) sameBinary(p process) bool {
	own := e.link("proc/thread-self/exe")
	return own != "" && strings.TrimSuffix(e.link("proc/"+p.pid+"/exe"), " (deleted)") == own
}

// link returns where a symbolic link leads, "" if that cannot be seen.
func (e *examination) link(name string) string {
	target, err := fs.ReadLink(e.Host.Files(), name)
	if err != nil {
		return ""
	}
	return target
}

// daemon is the process of our daemon in this network namespace, if there is one.
func (e *examination) daemon() (process, bool) {
	for _, p := range e.processes() {
		if e.network(p) != elsewhere && e.ours(p) {
			return p, true
		}
	}
	return process{}, false
}

// A place says in which network namespace a process is.
type place uint8

const (
	unseen place = iota // only root sees that of others' processes
	here
	elsewhere
)

// network compares the network namespace of a process with ours.
func (e *examination) network(p process) place {
	own, its := e.link("proc/thread-self/ns/net"), e.link("proc/"+p.pid+"/ns/net")
	switch {
	case own == "" || its == "":
		return unseen
	case own == its:
		return here
	}
	return elsewhere
}

// statusField returns a field of a process's status: "CapEff". The process is ours if none is given.
func (e *examination) statusField(pid, field string) string {
	for line := range strings.Lines(e.read("proc/" + pid + "/status")) {
		if name, value, ok := strings.Cut(line, ":"); ok && name == field {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
