package artifact

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// emptyJSON is the configuration of artifacts that have none.
var emptyJSON = []byte("{}")

// EmptyConfig describes the blob that stands for no configuration.
func EmptyConfig() (ocispec.Descriptor, []byte) {
	d := ocispec.DescriptorEmptyJSON
	d.Data = nil
	return d, emptyJSON
}

// Describe gives a part's descriptor.
func Describe(mediaType string, raw []byte, encrypted bool) ocispec.Descriptor {
	if encrypted {
		mediaType += encryptedType
	}
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(raw), Size: int64(len(raw))}
}

// Manifest is an artifact's OCI manifest.
func Manifest(kind string, layers []ocispec.Descriptor, subject *ocispec.Descriptor, created time.Time, annotations map[string]string) ([]byte, error) {
	config, _ := EmptyConfig()
	all := map[string]string{ocispec.AnnotationCreated: created.UTC().Format(time.RFC3339)}
	for k, v := range annotations {
		all[k] = v
	}
	return json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		ArtifactType: kind, Config: config, Layers: layers, Subject: subject, Annotations: all,
	})
}

// Parts are an artifact's layers.
type Parts struct {
	Table     ocispec.Descriptor
	Chunks    []ocispec.Descriptor
	Encrypted bool
}

// DecodeManifest reads the OCI manifest of a checkpoint.
func DecodeManifest(raw []byte) (p Parts, err error) {
	if len(raw) > MaxIndex {
		return p, malformed("its OCI manifest has %d bytes", len(raw))
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return p, malformed("OCI manifest: %w", err)
	}
	if m.ArtifactType != Type {
		return p, malformed("it is %.80q, not a checkpoint (%s)", m.ArtifactType, Type)
	}
	if len(m.Layers) == 0 || len(m.Layers) > MaxChunks+1 {
		return p, malformed("it has %d layers", len(m.Layers))
	}
	for i, d := range m.Layers {
		if err := p.add(i, d); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *Parts) add(i int, d ocispec.Descriptor) error {
	want, limit := TypeChunk, int64(MaxChunk)
	if i == 0 {
		want, limit = TypeTable, MaxTable
	}
	kind, encrypted := strings.CutSuffix(d.MediaType, encryptedType)
	switch {
	case kind != want || i > 0 && encrypted != p.Encrypted:
		return malformed("layer %d is %.80q", i, d.MediaType)
	case !sha256(d.Digest) || d.Size <= 0 || d.Size > limit+limit/8+slack:
		return malformed("layer %d has no possible size or digest", i)
	case i == 0:
		p.Table, p.Encrypted = d, encrypted
		return nil
	}
	p.Chunks = append(p.Chunks, d)
	return nil
}

// Match holds the layers against the table.
func (p Parts) Match(t *Table) error {
	if n := t.Chunks(); n != len(p.Chunks) {
		return malformed("its table has %d chunks, it has %d", n, len(p.Chunks))
	}
	var wire int64
	for _, d := range p.Chunks {
		wire += d.Size
	}
	if plain := t.Bytes(Blob) + t.Bytes(Volume); plain > freeSize+maxRatio*wire {
		return malformed("%d bytes would become %d", wire, plain)
	}
	return nil
}

// Wire is the bytes of all layers.
func (p Parts) Wire() int64 {
	sum := p.Table.Size
	for _, d := range p.Chunks {
		sum += d.Size
	}
	return sum
}
