package cli

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"culvert/api"
	"culvert/explain"
)

func TestACommandEndsThoughItsDaemonHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := bounded(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		<-ctx.Done()
		var p *api.Problem
		if !errors.As(context.Cause(ctx), &p) || p.Code != explain.ManageTimeout || time.Since(begun) != time.Minute+grace {
			t.Errorf("after %v: %v", time.Since(begun), context.Cause(ctx))
		}
		forever, stop := bounded(t.Context(), 0)
		defer stop()
		if _, limited := forever.Deadline(); limited {
			t.Error("0 is a limit")
		}
	})
}

// A daemon that takes nothing off its socket: the time before the grace is less than none here.
func TestCommandsKeepTheirTimeThemselves(t *testing.T) {
	s := newShell(t)
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.vars["CULVERT_SOCKET"] = socket
	for _, command := range []string{"down", "up", "rekey", "reauth"} {
		s.run(exitTimeout, command, "office", "--timeout", (time.Millisecond - grace).String())
	}
}
