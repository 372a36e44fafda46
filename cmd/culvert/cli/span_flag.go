package cli

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"culvert/legible"
)

// longestSpan is the most that flags take unless they say otherwise.
const longestSpan = 24 * time.Hour

// A spanFlag is the value of a flag that is a time with bounds.
type spanFlag struct {
	span        *time.Duration
	least, most time.Duration
}

// spanVar adds a flag for a time that is neither below least nor above most.
func spanVar(flags *pflag.FlagSet, span *time.Duration, name string, preset, least, most time.Duration, usage string) {
	*span = preset
	flags.Var(&spanFlag{span, least, most}, name, usage)
}

func (f *spanFlag) String() string {
	if f.span == nil || *f.span == 0 {
		return "0s"
	}
	return f.span.String()
}

func (f *spanFlag) Type() string { return "duration" }

func (f *spanFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("write a time as 90s, 2m or 1h30m")
	case d < f.least && f.least == 0:
		return fmt.Errorf("a time is not below 0")
	case d < f.least:
		return fmt.Errorf("the least is %v", f.least)
	case d > f.most:
		return fmt.Errorf("the most is %s", legible.Span(f.most))
	}
	*f.span = d
	return nil
}
