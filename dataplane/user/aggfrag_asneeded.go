package user

import "time"

// reportEvery is the least time between reports of an SA that has nothing else to say.
const reportEvery = 10 * time.Millisecond

// runAsNeeded sends when there is something to send: what waits is sent at once, or when it fills a payload, or after
// MaxAggregationTime. A pump without work sleeps.
func (p *pump) runAsNeeded() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait, more := p.relieve(p.b.now())
		if !more {
			return
		}
		timer.Reset(wait)
		select {
		case <-p.end:
			return
		case <-p.news:
		case <-timer.C:
		}
	}
}

// idle is how long a pump sleeps that expects nothing.
const idle = time.Hour

// relieve sends what has waited long enough. It returns how long to wait before it is called again, unless there are news,
// and whether the pump goes on.
func (p *pump) relieve(now time.Time) (wait time.Duration, more bool) {
	if p.measure() != nil {
		return 0, false
	}
	for {
		octets, since := p.waiting()
		due := since.Add(p.how.MaxAggregationTime)
		if octets == 0 || octets < p.capacity && now.Before(due) {
			wait = idle
			if octets > 0 {
				wait = due.Sub(now)
			}
			break
		}
		if !p.send(now, p.size) {
			return 0, false
		}
	}
	return p.answer(wait, now)
}

func (p *pump) waiting() (int, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.Waiting()
}

// answer reports once in a round trip as long as payloads come (RFC 9347, Section 2.4.2), and sends what is in the outbox.
func (p *pump) answer(wait time.Duration, now time.Time) (time.Duration, bool) {
	if p.path != nil {
		p.path.mu.Lock()
		unsaid, every := p.path.unsaid, max(p.path.reads.RTT(), reportEvery)
		p.path.mu.Unlock()
		if early := every - now.Sub(p.said); unsaid && early > 0 {
			wait = min(wait, early)
		} else if unsaid && !p.send(now, p.headerLen()+1) {
			return 0, false
		}
	}
	p.outbox.flush()
	return wait, !p.broken(now)
}
