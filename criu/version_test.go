package criu

import "testing"

func TestParseVersion(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Version
		ok   bool
	}{
		{"Version: 4.2\nGitID: v4.2", Version{4, 2, 0}, true},
		{"Version: 4.2.1", Version{4, 2, 1}, true},
		{"runc version 1.5.2\ncommit: x", Version{1, 5, 2}, true},
		{"runc version 1.5.0-rc.1", Version{1, 5, 0}, true},
		{"6.18.44-fc-v595", Version{6, 18, 44}, true},
		{"5.10.0", Version{5, 10, 0}, true},
		{"6.1.", Version{6, 1, 0}, true},
		{"v3.17.1", Version{3, 17, 1}, true},
		{"1.2.3.4", Version{1, 2, 3}, true},
		{"runc version unknown", Version{}, false},
		{"6", Version{}, false},
		{"...", Version{}, false},
		{"1..2", Version{}, false},
		{"", Version{}, false},
		{"99999999999999999999.1", Version{}, false},
	} {
		got, err := ParseVersion(tc.text)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%q: got %v, %v; want %v, %v", tc.text, got, err, tc.want, tc.ok)
		}
	}
}

func TestLess(t *testing.T) {
	ordered := []Version{{1, 9, 9}, {3, 19, 0}, {4, 2, 0}, {4, 2, 1}, {4, 10, 0}, {6, 1, 0}}
	for i, a := range ordered {
		for j, b := range ordered {
			if a.Less(b) != (i < j) {
				t.Errorf("%v < %v is %v", a, b, a.Less(b))
			}
		}
	}
}

func TestMinimum(t *testing.T) {
	for _, tc := range []struct {
		kernel     Version
		criu, runc string
	}{
		{Version{5, 10, 0}, "3.19", "1.1"},
		{Version{6, 15, 9}, "3.19", "1.1"},
		{Version{6, 16, 0}, "4.2", "1.1"},
		{Version{6, 17, 0}, "4.2", "1.5.2"},
		{Version{7, 0, 0}, "4.2", "1.5.2"},
	} {
		if c, r := MinimumCRIU(tc.kernel).String(), MinimumRunc(tc.kernel).String(); c != tc.criu || r != tc.runc {
			t.Errorf("Linux %v: CRIU %s, runc %s; want %s, %s", tc.kernel, c, r, tc.criu, tc.runc)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("runc version 1.5.2")
	f.Add("6.18.44-fc")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVersion(text)
		if err != nil {
			return
		}
		again, err := ParseVersion(v.String())
		if err != nil || again != v {
			t.Errorf("%q gave %v, which reads back as %v, %v", text, v, again, err)
		}
	})
}
