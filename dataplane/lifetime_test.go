package dataplane

import "testing"

func TestLifetime(t *testing.T) {
	tests := []struct {
		name  string
		sa    SA
		carry []int // octets of packets, one at a time
		told  []NoticeKind
		held  int // packets that were refused
	}{
		{"without limits", SA{}, []int{1, 1000, 1 << 30}, []NoticeKind{0, 0, 0}, 0},
		{"packets", SA{SoftPackets: 2, HardPackets: 3}, []int{1, 1, 1, 1, 1}, []NoticeKind{0, NoticeSoftLimit, 0, NoticeHardLimit, 0}, 2},
		{"octets", SA{SoftBytes: 100, HardBytes: 200}, []int{99, 1, 100, 1}, []NoticeKind{0, NoticeSoftLimit, 0, NoticeHardLimit}, 1},
		{"a packet that passes both limits", SA{SoftBytes: 100, HardBytes: 200}, []int{201, 1}, []NoticeKind{NoticeHardLimit, 0}, 2},
		{"soft limit only", SA{SoftBytes: 10}, []int{100, 100}, []NoticeKind{NoticeSoftLimit, 0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l Lifetime
			l.SetLimits(&tt.sa)
			held, octets := 0, uint64(0)
			for i, n := range tt.carry {
				ok, told := l.Spend(n, 1, int64(i+1))
				if told != tt.told[i] {
					t.Errorf("packet %d: notice %d, want %d", i, told, tt.told[i])
				}
				if !ok {
					held++
					continue
				}
				octets += uint64(n)
			}
			if c := l.Counters(7); held != tt.held || c.Packets != uint64(len(tt.carry)-held) || c.Bytes != octets || c.Sequence != 7 {
				t.Errorf("%d packets were refused, counters %+v", held, c)
			}
		})
	}
}

func TestLifetimeOfABatchEndsWithTheBatchThatGoesBeyond(t *testing.T) {
	var l Lifetime
	l.SetLimits(&SA{HardPackets: 10})
	if ok, _ := l.Spend(800, 8, 1); !ok {
		t.Fatal("eight of ten packets are refused")
	}
	if ok, told := l.Spend(300, 3, 2); ok || told != NoticeHardLimit {
		t.Errorf("carried %v, notice %d", ok, told)
	}
	if c := l.Counters(0); c.Packets != 8 || c.LastUse != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestStoppedSAIsToldOnce(t *testing.T) {
	var l Lifetime
	if l.Stop() != NoticeHardLimit || l.Stop() != 0 {
		t.Error("not told once")
	}
	if ok, told := l.Spend(1, 1, 1); ok || told != 0 {
		t.Error("a stopped SA carries")
	}
}
