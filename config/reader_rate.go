package config

import "fmt"

// bitRate reads bits per second; the bare number 0 needs no unit.
func bitRate() reader[uint64] {
	r := size()
	r.kind, r.expect = "bit rate", `a rate such as "10Mbit", or 0`
	text := textual(r.kind, r.expect, parseBitRate, formatBitRate)
	zero := r.parse
	r.parse = func(l literal) (uint64, error) {
		if n, err := zero(l); err == nil && n == 0 {
			return 0, nil
		}
		return text.parse(l)
	}
	r.format = func(n uint64) string {
		if n == 0 {
			return "0"
		}
		return text.format(n)
	}
	return r
}

func bitRateUnits() []unit {
	return []unit{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}
}

// leastBitRate is one small packet a second.
const leastBitRate = 8000

// parseBitRate reads "10Mbit" or "1.5Gbit" into bits per second.
func parseBitRate(s string) (uint64, error) {
	n, u, length, err := quantity(s, bitRateUnits())
	switch {
	case err != nil:
		return 0, err
	case length != len(s):
		return 0, at(fmt.Errorf("%q follows the unit", s[length:]), length, len(s)-length)
	case n*u.factor > 1e12 || n*u.factor < leastBitRate:
		return 0, fmt.Errorf("%s per second is out of range", s)
	}
	return uint64(n * u.factor), nil
}

// formatBitRate writes what parseBitRate reads.
func formatBitRate(n uint64) string {
	for _, u := range bitRateUnits() {
		if factor := uint64(u.factor); n >= factor && n%factor == 0 {
			return fmt.Sprintf("%d%s", n/factor, u.name)
		}
	}
	return fmt.Sprintf("%dbit", n)
}
