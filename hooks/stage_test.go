package hooks

import "testing"

func TestParseCall(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want Call
		err  bool
	}{
		"dump":       {map[string]string{"CRTOOLS_SCRIPT_ACTION": "pre-dump", "CRTOOLS_IMAGE_DIR": "/proc/42/fd/9", "CRTOOLS_INIT_PID": "7"}, Call{Stage: PreDump, CRIU: 42, Init: 7}, false},
		"no process": {map[string]string{"CRTOOLS_SCRIPT_ACTION": "pre-restore", "CRTOOLS_IMAGE_DIR": "/proc/42/fd/9"}, Call{Stage: PreRestore, CRIU: 42}, false},
		"minus one":  {map[string]string{"CRTOOLS_SCRIPT_ACTION": "pre-restore", "CRTOOLS_IMAGE_DIR": "/proc/42/fd/9", "CRTOOLS_INIT_PID": "-1"}, Call{Stage: PreRestore, CRIU: 42}, false},
		"by hand":    {map[string]string{}, Call{}, true},
		"a folder":   {map[string]string{"CRTOOLS_IMAGE_DIR": "/var/images"}, Call{}, true},
		"init":       {map[string]string{"CRTOOLS_IMAGE_DIR": "/proc/1/fd/3"}, Call{}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseCall(func(k string) string { return tt.env[k] })
			if (err != nil) != tt.err || err == nil && got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func FuzzParseCall(f *testing.F) {
	f.Add("/proc/42/fd/9", "7")
	f.Fuzz(func(t *testing.T, dir, pid string) {
		c, err := ParseCall(func(k string) string { return map[string]string{"CRTOOLS_IMAGE_DIR": dir, "CRTOOLS_INIT_PID": pid}[k] })
		if err == nil && (c.CRIU <= 1 || c.Init < 0) {
			t.Errorf("%q, %q: %+v", dir, pid, c)
		}
	})
}
