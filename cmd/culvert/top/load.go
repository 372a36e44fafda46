package top

import (
	"fmt"
	"strings"
	"time"

	"culvert/api"
)

// samples is how many are kept of each direction.
const samples = 60

// A volume is what a pair of SAs has carried, in octets.
type volume struct{ in, out uint64 }

// A load is what a connection carries: octets a second, the newest last.
type load struct{ in, out []float64 }

func (l *load) rates() (in, out float64) {
	if n := len(l.in); n > 0 {
		in, out = l.in[n-1], l.out[n-1]
	}
	return in, out
}

// measure compares the counters of children with those of the look before. Pairs come and go when they are rekeyed; one that is new
// counts from nothing.
func (m *Model) measure(s *api.Status, at time.Time) {
	now, sums := map[string]volume{}, map[string]volume{}
	for _, sa := range s.SAs {
		for _, c := range sa.Children {
			v := volume{c.In.Bytes, c.Out.Bytes}
			now[c.InSPI] = v
			before := m.last[c.InSPI]
			sum := sums[sa.Connection]
			sum.in += v.in - min(v.in, before.in)
			sum.out += v.out - min(v.out, before.out)
			sums[sa.Connection] = sum
		}
	}
	passed := at.Sub(m.lastAt).Seconds()
	first := m.lastAt.IsZero() || len(m.last) == 0 && len(m.loads) == 0
	m.last, m.lastAt = now, at
	for _, c := range s.Connections {
		l := m.loads[c.Name]
		if l == nil {
			l = new(load)
			m.loads[c.Name] = l
		}
		if first || passed <= 0 {
			continue
		}
		l.in = appendSample(l.in, float64(sums[c.Name].in)/passed)
		l.out = appendSample(l.out, float64(sums[c.Name].out)/passed)
	}
}

func appendSample(list []float64, v float64) []float64 {
	list = append(list, v)
	return list[max(0, len(list)-samples):]
}

// spark draws the last samples as bars, scaled by the largest.
func spark(list []float64, width int) string {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	list = list[max(0, len(list)-width):]
	largest := 0.0
	for _, v := range list {
		largest = max(largest, v)
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", width-len(list)))
	for _, v := range list {
		i := 0
		if v > 0 {
			i = 1 + int(v/largest*float64(len(bars)-2)+0.5)
		}
		b.WriteRune(bars[i])
	}
	return b.String()
}

// rate writes octets a second in bits: "12.3 Mb/s".
func rate(octets float64) string {
	v := octets * 8
	for _, unit := range []string{"b/s", "kb/s", "Mb/s", "Gb/s"} {
		if v < 999.5 {
			if unit == "b/s" {
				return fmt.Sprintf("%.0f %s", v, unit)
			}
			return fmt.Sprintf("%.3g %s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.3g Tb/s", v)
}
