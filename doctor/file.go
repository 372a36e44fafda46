package doctor

import (
	"io/fs"
	"path"
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

// ours tells whether a process is a daemon of this program.
func (e *examination) ours(p process) bool {
	words := strings.Split(e.read("proc/"+p.pid+"/cmdline"), "\x00")
	return strings.HasPrefix(p.name, "culvert") && len(words) > 1 && words[1] == "daemon"
}

// daemon is the process of our daemon, if there is one.
func (e *examination) daemon() (process, bool) {
	for _, p := range e.processes() {
		if e.ours(p) {
			return p, true
		}
	}
	return process{}, false
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
