package xfrm

import (
	"bufio"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// statFile has the kernel's counters of the network namespace of the thread that reads it.
const statFile = "/proc/thread-self/net/xfrm_stat"

// Bounds of the counters that are read; Linux 6.18 has 35.
const (
	maxStat     = 256
	maxStatFile = 64 << 10
)

// A Stat holds the kernel's counters by their names, as XfrmInNoStates. They are those of the network namespace, whoever made
// the states and policies.
type Stat map[string]uint64

// A counterFile holds the kernel's counters of one network namespace: that of the thread which opened it, whichever reads.
type counterFile struct{ *os.File }

// openStat opens the counters. A kernel that was built without CONFIG_XFRM_STATISTICS has none.
func openStat() counterFile {
	f, err := os.Open(statFile)
	if err != nil {
		return counterFile{}
	}
	return counterFile{f}
}

// now returns what is counted at this moment; nil: it is not known.
func (f counterFile) now() Stat {
	if f.File == nil {
		return nil
	}
	s, err := parseStat(io.NewSectionReader(f.File, 0, maxStatFile))
	if err != nil {
		return nil
	}
	return s
}

// Close ends the use of the file.
func (f counterFile) Close() error { return closeFile(f.File) }

// closeFile closes a file, if it was opened.
func closeFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

func parseStat(r io.Reader) (Stat, error) {
	s := Stat{}
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(s) < maxStat {
		words := strings.Fields(lines.Text())
		if len(words) != 2 {
			continue
		}
		if n, err := strconv.ParseUint(words[1], 10, 64); err == nil {
			s[words[0]] = n
		}
	}
	return s, lines.Err()
}

// since returns what has risen since then, and by how much.
func (s Stat) since(then Stat) Stat {
	rose := Stat{}
	for name, n := range s {
		if n > then[name] {
			rose[name] = n - then[name]
		}
	}
	return rose
}

// Counts walks over what the kernel counted since the backend was made, as "xfrm_in_no_states".
func (b *Backend) Counts() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for name, n := range b.stat.now() {
			if n -= min(n, b.before[name]); !yield(counterName(name), n) {
				return
			}
		}
	}
}

// counterName is the kernel's name as counters are called here: XfrmInNoStates becomes xfrm_in_no_states.
func counterName(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
