package ike

import (
	"slices"
	"testing"
)

func TestRequestWindowWaitsForTheOldestResponse(t *testing.T) {
	var w requestWindow
	send := func() *pendingRequest {
		task := &informTask{}
		w.begun = append(w.begun, task)
		r := &pendingRequest{id: w.take(task), task: task}
		w.pending = append(w.pending, r)
		return r
	}
	if !w.room() {
		t.Fatal("no room in an empty window")
	}
	first := send()
	if w.room() {
		t.Error("a second request fits a window of one")
	}
	w.grow(3)
	second, third := send(), send()
	if w.room() {
		t.Error("a fourth request fits a window of three")
	}
	w.answered(second)
	w.answered(third)
	if w.room() {
		t.Error("request 3 does not wait for the response to request 0 (RFC 7296, Section 2.3)")
	}
	w.answered(first)
	if !w.room() || w.pending != nil {
		t.Errorf("room %v, pending %v after all responses", w.room(), w.pending)
	}
}

func TestRequestWindowCountsBegunTasks(t *testing.T) {
	w := requestWindow{size: 2}
	a, b := &informTask{}, &informTask{}
	w.begun = []task{a, b}
	if w.room() {
		t.Error("two begun tasks leave room in a window of two")
	}
	if !w.withdraw(a) || w.withdraw(a) {
		t.Error("withdraw does not tell whether the task was there")
	}
	if !w.room() {
		t.Error("no room after a withdrawal")
	}
	if id := w.take(b); id != 0 || w.next != 1 || len(w.begun) != 0 {
		t.Errorf("took ID %d, next %d, begun %d", id, w.next, len(w.begun))
	}
}

func TestRequestWindowNeverShrinks(t *testing.T) {
	var w requestWindow
	for _, tt := range []struct{ say, want uint32 }{{0, 0}, {4, 4}, {2, 4}, {1 << 31, maxWindow}} {
		if w.grow(tt.say); w.size != tt.want {
			t.Errorf("size %d after SET_WINDOW_SIZE %d, want %d", w.size, tt.say, tt.want)
		}
	}
}

func TestResponseWindow(t *testing.T) {
	type step struct {
		id   uint32
		want arrival
	}
	tests := []struct {
		name  string
		size  uint32
		steps []step
	}{
		{"one at a time", 0, []step{{0, arrivalFresh}, {0, arrivalDuplicate}, {2, arrivalOutside}, {1, arrivalFresh}, {0, arrivalForgotten}, {1, arrivalDuplicate}}},
		{"out of order", 3, []step{{2, arrivalFresh}, {3, arrivalOutside}, {0, arrivalFresh}, {3, arrivalFresh}, {4, arrivalOutside},
			{1, arrivalFresh}, {6, arrivalFresh}, {7, arrivalOutside}, {0, arrivalForgotten}, {2, arrivalForgotten}, {6, arrivalDuplicate}}},
		{"gap beyond the window", 2, []step{{0, arrivalFresh}, {3, arrivalOutside}, {2, arrivalFresh}, {3, arrivalOutside}, {1, arrivalFresh}, {3, arrivalFresh}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := responseWindow{size: tt.size}
			for i, s := range tt.steps {
				got, _ := w.lookup(s.id)
				if got != s.want {
					t.Fatalf("step %d: request %d is %d, want %d", i, s.id, got, s.want)
				}
				if got == arrivalFresh {
					w.accept(s.id)
					w.answer(s.id, [][]byte{{1}})
				}
			}
		})
	}
}

func TestResponseWindowWaitsForTheAnswer(t *testing.T) {
	for _, size := range []uint32{1, 3} {
		w := responseWindow{size: size}
		for id := range size {
			w.accept(id)
		}
		for id := uint32(1); id < size; id++ {
			w.answer(id, [][]byte{{1}})
		}
		if got, _ := w.lookup(size); got != arrivalOutside {
			t.Errorf("window of %d: request %d is %d while request 0 is being worked on, want outside", size, size, got)
		}
		w.answer(0, [][]byte{{1}})
		if got, _ := w.lookup(size); got != arrivalFresh {
			t.Errorf("window of %d: request %d is %d after the answer, want fresh", size, size, got)
		}
	}
}

func TestResponseWindowRemembersAsManyResponsesAsItsSize(t *testing.T) {
	w := responseWindow{size: 2}
	for id := range uint32(5) {
		w.accept(id)
		w.answer(id, [][]byte{{byte(id)}})
	}
	var ids []uint32
	for _, r := range w.known {
		ids = append(ids, r.id)
	}
	if !slices.Equal(ids, []uint32{3, 4}) {
		t.Errorf("remembers %v, want the last two", ids)
	}
	if _, r := w.lookup(4); len(r.datagrams) != 1 || r.datagrams[0][0] != 4 {
		t.Errorf("response 4 is %v", r.datagrams)
	}
}

func TestResponseWindowForgetsOnlyWhatWasAnswered(t *testing.T) {
	w := responseWindow{size: 2}
	w.accept(0)
	w.answer(0, [][]byte{{1}})
	w.accept(1)
	w.forget()
	if got, _ := w.lookup(0); got != arrivalForgotten {
		t.Errorf("request 0 is %d, want forgotten: it must be ignored, not handled anew", got)
	}
	if got, _ := w.lookup(1); got != arrivalDuplicate {
		t.Errorf("request 1, whose answer is still due, is %d, want duplicate", got)
	}
}
