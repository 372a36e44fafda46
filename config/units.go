package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A unit is a named factor.
type unit struct {
	name   string
	factor float64
}

func durationUnits() []unit {
	return []unit{
		{"w", 7 * 24 * float64(time.Hour)}, {"d", 24 * float64(time.Hour)}, {"h", float64(time.Hour)},
		{"m", float64(time.Minute)}, {"s", float64(time.Second)}, {"ms", float64(time.Millisecond)},
	}
}

func sizeUnits() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
	}
}

// parseDuration reads "3h12m", "1.5s" or "2d": numbers with units, the longest unit first.
func parseDuration(s string) (time.Duration, error) {
	var sum float64
	last := math.Inf(1)
	for rest, offset := s, 0; ; {
		n, u, length, err := quantity(rest, durationUnits())
		if err != nil {
			return 0, at(err, offset, len(s)-offset)
		}
		if u.factor >= last {
			return 0, at(fmt.Errorf("%q comes after a shorter unit", u.name), offset, length)
		}
		last, sum, offset = u.factor, sum+n*u.factor, offset+length
		if sum >= math.MaxInt64 {
			return 0, errors.New("longer than 292 years")
		}
		if rest = rest[length:]; rest == "" {
			return time.Duration(math.Round(sum)), nil
		}
	}
}

// parseSize reads "1GiB" or "500MB" into octets.
func parseSize(s string) (uint64, error) {
	n, u, length, err := quantity(s, sizeUnits())
	if err != nil {
		return 0, err
	}
	if length != len(s) {
		return 0, at(fmt.Errorf("%q follows the unit", s[length:]), length, len(s)-length)
	}
	if n*u.factor >= math.MaxInt64 {
		return 0, errors.New("more than 8 EiB")
	}
	return uint64(n * u.factor), nil
}

// quantity reads one number and its unit, and tells how many octets they take.
func quantity(s string, units []unit) (float64, unit, int, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
	n, err := strconv.ParseFloat(s[:digits], 64)
	if err != nil {
		return 0, unit{}, 0, errors.New("a number is missing")
	}
	word := s[digits : len(s)-len(strings.TrimLeft(s[digits:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
	if word == "" {
		return 0, unit{}, 0, fmt.Errorf("%q lacks a unit (%s)", s[:digits], unitNames(units))
	}
	for _, u := range units {
		if u.name == word {
			return n, u, digits + len(word), nil
		}
	}
	return 0, unit{}, 0, fmt.Errorf("there is no unit %q (%s)", word, unitNames(units))
}

func unitNames(units []unit) string {
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.name
	}
	return strings.Join(names, ", ")
}

// at says where in a text an error is.
func at(err error, offset, length int) error {
	return &mistake{offset: offset, len: length, message: err.Error()}
}

// formatDuration writes what parseDuration reads.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range durationUnits() {
		factor := time.Duration(u.factor)
		if u.name == "w" || d < factor {
			continue
		}
		fmt.Fprintf(&b, "%d%s", d/factor, u.name)
		d %= factor
	}
	return b.String()
}

// formatSize writes what parseSize reads, in the largest binary unit that divides it.
func formatSize(n uint64) string {
	for _, u := range sizeUnits()[:4] {
		if factor := uint64(u.factor); n >= factor && n%factor == 0 {
			return fmt.Sprintf("%d%s", n/factor, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}
