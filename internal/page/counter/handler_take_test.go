package counter

import "testing"

func TestDates_are_read_as_people_write_them(t *testing.T) {
	for typed, want := range map[string]string{
		"1991-09-23": "1991-09-23", "23-09-1991": "1991-09-23", "23/9/1991": "1991-09-23", "3.9.1991": "1991-09-03", "23 09 1991": "1991-09-23",
		"1991-02-31": "", "31/02/1991": "", "23/09/91": "", "today": "", "9/1991": "", "1991/09/23": "",
	} {
		got, ok := readDate(typed)
		if got.String() != want || ok != (want != "") {
			t.Errorf("%q reads as %q, %v; want %q", typed, got, ok, want)
		}
	}
}

func FuzzReadDate(f *testing.F) {
	f.Add("23/9/1991")
	f.Add("2030-01-31")
	f.Fuzz(func(t *testing.T, typed string) {
		d, ok := readDate(typed)
		if !ok {
			return
		}
		if again, ok := readDate(d.String()); !ok || again != d {
			t.Errorf("%q reads as %v, which does not read as itself", typed, d)
		}
	})
}
