package chatstream

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// countedConn notes the write deadlines that it gets.
type countedConn struct {
	net.Conn
	deadlines []time.Time
}

func (c *countedConn) SetWriteDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

// TestDeadlinesOfTokensAreSetOnceASecond also checks that an earlier deadline, and none, count at once.
func TestDeadlinesOfTokensAreSetOnceASecond(t *testing.T) {
	t.Parallel()
	inner := &countedConn{}
	conn, start := &lazyConn{Conn: inner}, time.Now()
	set := func(after time.Duration) {
		if err := conn.SetWriteDeadline(start.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	for token := range 100 { // two seconds of them
		set(writeTimeout + time.Duration(token)*20*time.Millisecond)
	}
	if n := len(inner.deadlines); n != 2 {
		t.Errorf("the deadline was set %d times, want twice", n)
	}
	set(closeTimeout)
	if last := inner.deadlines[len(inner.deadlines)-1]; !last.Equal(start.Add(closeTimeout)) {
		t.Errorf("an earlier deadline is %v, want %v", last, start.Add(closeTimeout))
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil || !inner.deadlines[len(inner.deadlines)-1].IsZero() {
		t.Errorf("the deadline was not taken back: %v", err)
	}
	set(writeTimeout)
	if last := inner.deadlines[len(inner.deadlines)-1]; !last.Equal(start.Add(writeTimeout)) {
		t.Errorf("the first deadline after none is %v, want %v", last, start.Add(writeTimeout))
	}
}

func TestStoppedRepeaterCallsNoMore(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	three := make(chan struct{})
	r := repeat(time.Millisecond, func() {
		if calls.Add(1) == 3 {
			close(three)
		}
	})
	select {
	case <-three:
	case <-time.After(10 * time.Second):
		t.Fatal("there were no three calls")
	}
	r.stop()
	before := calls.Load()
	r.timer.Reset(0) // even where the timer fires once more
	done := make(chan struct{})
	time.AfterFunc(10*time.Millisecond, func() { close(done) })
	<-done
	if after := calls.Load(); after != before {
		t.Errorf("%d calls after the stop", after-before)
	}
}
