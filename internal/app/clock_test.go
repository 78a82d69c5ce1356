package app

import (
	"testing"
	"time"
)

func TestClock_only_goes_forward_however_often_it_is_moved(t *testing.T) {
	c := new(Clock)
	last := c.Now()
	for range 100 { // 12 years each, the most that one request may ask for: more than a Duration holds in all
		now := c.Advance(12 * 366 * 24 * time.Hour)
		if now.Before(last) {
			t.Fatalf("went back from %s to %s", last, now)
		}
		last = now
	}
	if year := last.Year(); year > 2400 {
		t.Errorf("the year is %d: certificates and databases do not reach so far", year)
	}
	if c.Advance(-time.Hour).Before(last) {
		t.Error("a negative step moved it")
	}
	c.Reset()
	if ahead := time.Until(c.Now()); ahead > time.Second {
		t.Errorf("after a reset it is %s ahead", ahead)
	}
}
