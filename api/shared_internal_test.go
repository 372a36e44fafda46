package api

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A hundred who ask while an answer is made share the next one: none is older than the question.
func TestAnswersAreSharedAndNoneIsOlderThanItsQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Shared[time.Time]
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
				if got, err := s.Ask(t.Context(), find); err != nil || got.Before(asked) {
					t.Errorf("%d: asked at %v, the answer is of %v, %v", i, asked, got, err)
				}
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if made != 2 {
			t.Errorf("%d answers are made", made)
		}
		_, err := s.Ask(t.Context(), find)
		synctest.Wait()
		if err != nil || made != 3 || s.busy || s.next != nil {
			t.Errorf("afterwards: %v, %d answers", err, made)
		}
	})
}

// Who goes while an answer is made takes it from nobody.
func TestWhoeverStopsWaitingStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Shared[int]
		find := func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return 7, ctx.Err()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		go func() {
			if _, err := s.Ask(short, find); err != context.DeadlineExceeded {
				t.Errorf("the first one: %v", err)
			}
		}()
		synctest.Wait()
		if got, err := s.Ask(t.Context(), find); got != 7 || err != nil {
			t.Errorf("the second one: %d, %v", got, err)
		}
		synctest.Wait()
	})
}

// leasing has pools that take a second to be told.
type leasing struct {
	*quiet
	asked int
}

func (l *leasing) Pools(context.Context) ([]Pool, error) {
	l.asked++
	time.Sleep(time.Second)
	return []Pool{{Name: strings.Repeat("x", 3*pieceSize)}}, nil
}

// A long answer is made and encoded once for all who ask meanwhile.
func TestLongAnswersAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &leasing{quiet: newQuiet(1)}
		s := NewServer(l, "test")
		for i := range 100 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, asked(t.Context(), "/v1/pools"))
				var got []Pool
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got) != 1 || len(got[0].Name) != 3*pieceSize {
					t.Errorf("%d: %d pools, %v", w.Code, len(got), err)
				}
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.asked != 2 {
			t.Errorf("pools were asked for %d times", l.asked)
		}
	})
}
