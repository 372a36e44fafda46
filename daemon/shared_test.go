package daemon

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A hundred who ask while an answer is made share the next one: none is older than the question.
func TestAnswersAreSharedAndNoneIsOlderThanItsQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[time.Time]
		made := 0
		find := func(context.Context) (time.Time, error) {
			began := time.Now()
			made++
			time.Sleep(time.Second)
			return began, nil
		}
		for i := range 101 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				asked := time.Now()
				if got, err := s.ask(t.Context(), find); err != nil || got.Before(asked) {
					t.Errorf("%d: asked at %v, the answer is of %v, %v", i, asked, got, err)
				}
			}()
		}
		time.Sleep(time.Minute)
		if made != 2 {
			t.Errorf("%d answers are made", made)
		}
		if _, err := s.ask(t.Context(), find); err != nil || made != 3 || s.busy && s.next != nil {
			t.Errorf("afterwards: %v, %d answers", err, made)
		}
	})
}

// Who goes while an answer is made takes it from nobody.
func TestWhoeverStopsWaitingStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		find := func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return 7, ctx.Err()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		go func() {
			if _, err := s.ask(short, find); err != context.DeadlineExceeded {
				t.Errorf("the first one: %v", err)
			}
		}()
		synctest.Wait()
		if got, err := s.ask(t.Context(), find); got != 7 || err != nil {
			t.Errorf("the second one: %d, %v", got, err)
		}
		synctest.Wait()
	})
}
