package xfrm

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// statFile has the kernel's counters of the network namespace of the thread that reads it.
const statFile = "/proc/thread-self/net/xfrm_stat"

// maxStat bounds the counters that are read; Linux 6.18 has 35.
const maxStat = 256

// A Stat holds the kernel's counters by their names, as XfrmInNoStates. They are those of the network namespace, whoever made
// the states and policies.
type Stat map[string]uint64

func readStat(file string) (Stat, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("data plane: %w", err) // built without CONFIG_XFRM_STATISTICS
	}
	defer f.Close()
	return parseStat(f)
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

// Counts walks over what the kernel counted since the backend was made, as "xfrm_in_no_states".
func (b *Backend) Counts() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		now, err := readStat(statFile)
		if err != nil {
			return
		}
		for name, n := range now {
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
