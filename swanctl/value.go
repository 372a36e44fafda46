package swanctl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// yes reads a bool as strongSwan writes it.
func yes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "true", "enabled", "1":
		return true, nil
	case "no", "false", "disabled", "0":
		return false, nil
	}
	return false, &mistake{fmt.Sprintf("%q is neither yes nor no", s), "write yes or no"}
}

// whole reads an integer as strtol does: decimal, 0x for hexadecimal, 0 for octal.
func whole(s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, bits)
	if err != nil || strings.Contains(s, "_") {
		return 0, &mistake{fmt.Sprintf("%q is no number from 0 to %d", s, uint64(1)<<bits-1), ""}
	}
	return n, nil
}

// seconds reads a time: a number and s, m, h or d.
func seconds(s string) (time.Duration, error) {
	const longest = 100 * 365 * 24 * 3600
	n, err := scaled(s, map[string]uint64{"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400})
	if err != nil || n > longest {
		return 0, &mistake{fmt.Sprintf("%q is no time", s), "write a number and s, m, h or d, as 4h"}
	}
	return time.Duration(n) * time.Second, nil
}

// octets reads a volume: a number and k, m or g.
func octets(s string) (uint64, error) {
	n, err := scaled(s, map[string]uint64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30})
	if err != nil {
		return 0, &mistake{fmt.Sprintf("%q is no volume", s), "write a number and k, m or g, as 500m"}
	}
	return n, nil
}

// scaled reads a number and its unit.
func scaled(s string, units map[string]uint64) (uint64, error) {
	digits := strings.TrimRight(s, "smhdkgSMHDKG")
	unit, ok := units[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
	if err != nil || !ok || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is out of range", s)
	}
	return n * unit, nil
}

// word takes one of some words, whatever the case.
func word(s string, words ...string) (string, error) {
	lower := strings.ToLower(s)
	if !slices.Contains(words, lower) {
		return "", &mistake{fmt.Sprintf("%q is not known here", s), "write one of " + strings.Join(words, ", ")}
	}
	return lower, nil
}

// duration writes a time as Culvert's configuration has it, in the longest unit that needs no fraction.
func duration(d time.Duration) string {
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d >= u.unit && d%u.unit == 0 {
			return quote(fmt.Sprintf("%d%s", d/u.unit, u.name))
		}
	}
	return quote(fmt.Sprintf("%ds", d/time.Second))
}

// volume writes octets as Culvert's configuration has them.
func volume(n uint64) string {
	for _, u := range []struct {
		name  string
		shift int
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if n > 0 && n%(1<<u.shift) == 0 {
			return quote(fmt.Sprintf("%d%s", n>>u.shift, u.name))
		}
	}
	if n == 0 {
		return "0"
	}
	return quote(fmt.Sprintf("%dB", n))
}

// truth writes a bool.
func truth(b bool) string { return strconv.FormatBool(b) }
