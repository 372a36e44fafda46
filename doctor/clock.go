package doctor

import (
	"context"
	"io/fs"
	"strings"
	"time"
)

func checkClock(_ context.Context, e *examination) {
	e.clockBehind()
	switch synchronised, err := e.Host.Synchronised(); {
	case err != nil:
		e.unknown("", "whether the clock is synchronised cannot be told: %v", err)
	case synchronised:
		e.ok("the clock is synchronised, it is %s", e.Now.UTC().Format(time.RFC3339))
	default:
		e.warn("`timedatectl set-ntp true`, or start chronyd", "the clock is not synchronised; it says %s. Certificates are judged by it", e.Now.UTC().Format(time.RFC3339))
	}
}

// clockBehind compares the clock with the time of a file that was written before now.
func (e *examination) clockBehind() {
	info, err := fs.Stat(e.Host.Files(), strings.TrimPrefix(e.Path, "/"))
	if err == nil && info.ModTime().After(e.Now.Add(time.Minute)) {
		e.fail("set the clock: `timedatectl set-ntp true`", "the clock says %s, but %s was written %s: the clock is behind", e.Now.UTC().Format(time.RFC3339), e.Path, info.ModTime().UTC().Format(time.RFC3339))
	}
}
