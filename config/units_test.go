package config

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurations(t *testing.T) {
	tests := []struct {
		text  string
		want  time.Duration
		wrong string
	}{
		{"0s", 0, ""},
		{"90s", 90 * time.Second, ""},
		{"3h12m", 3*time.Hour + 12*time.Minute, ""},
		{"1.5h", 90 * time.Minute, ""},
		{"2d", 48 * time.Hour, ""},
		{"1w2d3h4m5s6ms", 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second + 6*time.Millisecond, ""},
		{"", 0, "a number is missing"},
		{"h", 0, "a number is missing"},
		{"4", 0, `"4" lacks a unit`},
		{"4 h", 0, `"4" lacks a unit`},
		{"4h5", 0, `"5" lacks a unit`},
		{"-4h", 0, "a number is missing"},
		{"1.2.3s", 0, "a number is missing"},
		{"4y", 0, `there is no unit "y"`},
		{"4m3h", 0, `"h" comes after a shorter unit`},
		{"4h4h", 0, `"h" comes after a shorter unit`},
		{"999999999w", 0, "longer than 292 years"},
		{"1e400s", 0, `there is no unit "e"`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := parseDuration(tt.text)
			checkUnit(t, got, err, tt.want, tt.wrong)
		})
	}
}

func TestSizes(t *testing.T) {
	tests := []struct {
		text  string
		want  uint64
		wrong string
	}{
		{"1GiB", 1 << 30, ""},
		{"500MB", 500_000_000, ""},
		{"1.5KiB", 1536, ""},
		{"12B", 12, ""},
		{"12", 0, "lacks a unit"},
		{"1gib", 0, `there is no unit "gib"`},
		{"1GiB2", 0, `"2" follows the unit`},
		{"9000000TiB", 0, "more than 8 EiB"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := parseSize(tt.text)
			checkUnit(t, got, err, tt.want, tt.wrong)
		})
	}
}

func checkUnit[T comparable](t *testing.T, got T, err error, want T, wrong string) {
	t.Helper()
	switch {
	case wrong == "" && (err != nil || got != want):
		t.Errorf("got %v and %v, want %v", got, err, want)
	case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)):
		t.Errorf("got %v and %v, want an error with %q", got, err, wrong)
	}
}

func TestUnitsAreReadAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "ms")) / 1e6 * time.Millisecond
		if got, err := parseDuration(formatDuration(d)); err != nil || got != d {
			t.Errorf("%v is written %q and read as %v, %v", d, formatDuration(d), got, err)
		}
		n := rapid.Uint64Range(0, 1<<52).Draw(t, "octets")
		if got, err := parseSize(formatSize(n)); err != nil || got != n {
			t.Errorf("%d is written %q and read as %d, %v", n, formatSize(n), got, err)
		}
	})
}
