package people

import (
	"fmt"
	"strconv"
	"time"
)

// parseDay reads a calendar day: "2031-05-09", or steps from today such as "+3y", "-10d" or
// "+1d-16y". Steps are taken in the order written, which matters: the sixteenth birthday of
// somebody "born tomorrow sixteen years ago" is tomorrow also when today is 28 February.
// The answer is midnight UTC of that day.
func parseDay(text string, today time.Time) (time.Time, error) {
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return d, nil
	}
	y, m, d := today.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if text == "" {
		return time.Time{}, fmt.Errorf("a day is missing")
	}
	for rest := text; rest != ""; {
		if rest[0] != '+' && rest[0] != '-' {
			return time.Time{}, fmt.Errorf("%q is not a day", text)
		}
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(rest[:end])
		// Five digits of days or years reach any date a person can have and cannot overflow.
		if err != nil || end == len(rest) || end > 6 {
			return time.Time{}, fmt.Errorf("%q is not a day", text)
		}
		switch rest[end] {
		case 'y':
			day = day.AddDate(n, 0, 0)
		case 'm':
			day = day.AddDate(0, n, 0)
		case 'd':
			day = day.AddDate(0, 0, n)
		default:
			return time.Time{}, fmt.Errorf("%q is not a day", text)
		}
		rest = rest[end+1:]
	}
	return day, nil
}
