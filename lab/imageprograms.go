package lab

import (
	"archive/tar"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// addPrograms adds what is in the bin folders of the parts that the image has
// its programs from.
func (i image) addPrograms(w *tar.Writer, b *Bench) error {
	for _, part := range i.Programs {
		files, err := filepath.Glob(filepath.Join(b.Needs[part], "bin", "*"))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := addProgram(w, file); err != nil {
				return err
			}
		}
	}
	return nil
}

func addProgram(w *tar.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join("usr/local/bin", filepath.Base(file)), Mode: 0o755, Size: info.Size(), ModTime: time.Unix(0, 0)}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
