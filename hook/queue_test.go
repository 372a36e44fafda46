package hook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const patience = time.Minute

// A record is what jobs said and how they ended.
type record struct {
	mu    sync.Mutex
	lines []string
	errs  []error
}

// job runs command lines and notes what becomes of them.
func (r *record) job(o Occasion, lines ...string) Job {
	return Job{
		Occasion: o,
		Commands: func() (list []Command) {
			for _, l := range lines {
				list = append(list, Command{Line: l, Environment: []string{"PATH=/usr/bin:/bin", "WORD=hello"}})
			}
			return list
		},
		Line: func(_ Command, line string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lines = append(r.lines, line)
		},
		Done: func(_ Command, _ time.Duration, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.errs = append(r.errs, err)
		},
	}
}

func finish[K comparable](t *testing.T, r *Runner[K]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestJobsOfAChildRunInOrder(t *testing.T) {
	var rec record
	r := NewRunner[int](t.Context(), Limits{Time: patience, AtOnce: 4, Queue: 100})
	var want []string
	for i := range 5 {
		up, down := fmt.Sprint("up ", i), fmt.Sprint("down ", i)
		want = append(want, up, "second", down)
		if err := errors.Join(r.Start(1, rec.job(Up, "echo "+up, "echo second")), r.Start(1, rec.job(Down, "echo "+down))); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, r)
	if !slices.Equal(rec.lines, want) {
		t.Errorf("got %q", rec.lines)
	}
}

// The two commands can end only if they run at the same time: each opens one end of a pipe.
func TestChildrenDoNotWaitForEachOther(t *testing.T) {
	var rec record
	pipe := t.TempDir() + "/pipe"
	r := NewRunner[string](t.Context(), Limits{Time: patience, AtOnce: 2, Queue: 100})
	_ = r.Start("make", rec.job(Up, "mkfifo "+pipe))
	finish(t, r)
	_ = r.Start("a", rec.job(Up, "echo through >"+pipe))
	_ = r.Start("b", rec.job(Up, "cat "+pipe))
	finish(t, r)
	if !slices.Equal(rec.lines, []string{"through"}) || errors.Join(rec.errs...) != nil {
		t.Errorf("got %q, %v", rec.lines, rec.errs)
	}
}

func TestQueueIsBoundedAndEndsFollowBeginnings(t *testing.T) {
	var rec record
	r := NewRunner[int](t.Context(), Limits{Time: patience, AtOnce: 1, Queue: 2})
	release := make(chan struct{})
	blocked := rec.job(Up, "echo first")
	commands := blocked.Commands
	blocked.Commands = func() []Command { <-release; return commands() }
	_ = r.Start(1, blocked)
	_ = r.Start(2, rec.job(Up, "echo second"))
	if err := r.Start(3, rec.job(Up, "echo third")); !errors.Is(err, ErrFull) {
		t.Errorf("the third is told %v", err)
	}
	for key := range 4 {
		if err := r.Start(key, rec.job(Down, fmt.Sprint("echo end of ", key))); err != nil {
			t.Errorf("the end of %d is told %v", key, err)
		}
	}
	close(release)
	finish(t, r)
	slices.Sort(rec.lines)
	if want := []string{"end of 1", "end of 2", "first", "second"}; !slices.Equal(rec.lines, want) {
		t.Errorf("got %q", rec.lines)
	}
	if err := r.Start(3, rec.job(Up, "true")); err != nil {
		t.Errorf("an empty queue says %v", err)
	}
	finish(t, r)
}

// A command that hangs is killed with what it has started: the grandchild would hold its output open.
func TestCommandThatHangsIsKilled(t *testing.T) {
	var rec record
	r := NewRunner[int](t.Context(), Limits{Time: 200 * time.Millisecond, AtOnce: 1, Queue: 9})
	_ = r.Start(1, rec.job(Up, "echo begun; sleep 1000 & wait"))
	finish(t, r)
	if len(rec.errs) != 1 || !errors.Is(rec.errs[0], ErrTimeout) || !slices.Equal(rec.lines, []string{"begun"}) {
		t.Errorf("%v, %q", rec.errs, rec.lines)
	}
}

func TestFailureIsTold(t *testing.T) {
	var rec record
	r := NewRunner[int](t.Context(), Limits{Time: patience, AtOnce: 1, Queue: 9})
	_ = r.Start(1, rec.job(Up, "echo bad >&2; exit 3", "/no/such/command", "echo $WORD"))
	finish(t, r)
	if len(rec.errs) != 3 || rec.errs[0] == nil || rec.errs[0].Error() != "exit status 3" || rec.errs[1] == nil || rec.errs[2] != nil {
		t.Errorf("%v", rec.errs)
	}
	if rec.lines[0] != "bad" || rec.lines[len(rec.lines)-1] != "hello" {
		t.Errorf("%q", rec.lines)
	}
}

func TestOutputIsBoundedAndPrintable(t *testing.T) {
	var rec record
	r := NewRunner[int](t.Context(), Limits{Time: patience, AtOnce: 1, Queue: 9})
	_ = r.Start(1, rec.job(Up, `printf 'a\033[31mb\n'; i=0; while [ $i -lt 300 ]; do echo line; i=$((i+1)); done; head -c 100000 /dev/zero`))
	finish(t, r)
	if len(rec.lines) != maxLines+1 || rec.lines[0] != "a?[31mb" || errors.Join(rec.errs...) != nil {
		t.Errorf("%d lines, the first is %q, %v", len(rec.lines), rec.lines[0], rec.errs)
	}
	rec.lines = nil
	_ = r.Start(1, rec.job(Up, `head -c 100000 /dev/zero | tr '\0' x; echo; echo next`))
	finish(t, r)
	if len(rec.lines) != 2 || rec.lines[0] != strings.Repeat("x", maxLine) || rec.lines[1] != "next" {
		t.Errorf("%d lines", len(rec.lines))
	}
}

func TestEndOfTheContextEndsCommands(t *testing.T) {
	var rec record
	ctx, cancel := context.WithCancel(t.Context())
	r := NewRunner[int](ctx, Limits{Time: patience, AtOnce: 1, Queue: 9})
	j := rec.job(Up, "echo begun; sleep 1000")
	tell := j.Line
	j.Line = func(c Command, line string) {
		tell(c, line)
		cancel()
	}
	_ = r.Start(1, j)
	finish(t, r)
	if len(rec.errs) != 1 || rec.errs[0] == nil || errors.Is(rec.errs[0], ErrTimeout) {
		t.Errorf("%v", rec.errs)
	}
}
