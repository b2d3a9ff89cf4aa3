package main

import (
	"context"
	"errors"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/deep"
	"github.com/lull-containers/lull/store"
)

// verified is what reading a checkpoint again has shown.
type verified struct {
	Ref      string          `json:"ref"`
	ID       string          `json:"id,omitempty"`
	Whole    bool            `json:"whole"`
	Problem  string          `json:"problem,omitempty"`
	Findings []store.Finding `json:"findings"`
	Deep     []deep.Finding  `json:"deep,omitempty"`
}

func verifyCommand(a *app) *cobra.Command {
	var all, deeply bool
	cmd := &cobra.Command{
		Use:   "verify IMAGE… | --all",
		Short: "Read every byte of a checkpoint again and compare it with what was sealed",
		Long: "Read every byte of a checkpoint again, its image and its captures, and compare it with what was sealed.\n" +
			"It goes on behind a problem, and fails when there was one.\n\n" +
			"With --deep the database's own programs then check a copy of what was captured, in a throwaway container of its own\n" +
			"image without a network: they find what was damaged before it was captured.",
		Example:           "  lull verify pg:monday\n  lull verify --deep pg:monday\n  lull verify --all --json",
		ValidArgsFunction: completesEach(a.checkpointNames),
		Args: usage(func(_ *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return errors.New("name checkpoint images, or say --all")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			results, problem := a.verifyImages(cmd.Context(), args, deeply)
			if results == nil {
				return problem
			}
			return errors.Join(answer(a, results, a.printVerified), problem)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every checkpoint image of the namespace")
	cmd.Flags().BoolVar(&deeply, "deep", false, "have the database's own programs check a copy of what was captured")
	return cmd
}

// verifyImages reads all that are named, or all there are.
func (a *app) verifyImages(ctx context.Context, refs []string, deeply bool) ([]verified, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	found, err := a.kept(ctx, client, refs)
	if len(refs) == 0 {
		found, err = store.Catalogue(ctx, client, a.namespace)
	}
	if err != nil {
		return nil, err
	}
	results, problems := []verified{}, []error{}
	for _, k := range found {
		v, err := a.verifyImage(ctx, client, k)
		if err == nil && deeply {
			v.Deep, err = a.deepChecks(ctx, client, k)
		}
		results = append(results, v)
		problems = append(problems, err)
	}
	return results, errors.Join(problems...)
}

func (a *app) verifyImage(ctx context.Context, client *containerd.Client, k store.Kept) (verified, error) {
	v := verified{Ref: k.Image.Name, ID: k.ID(), Findings: []store.Finding{}}
	c, err := a.captures()
	if err != nil {
		return v, err
	}
	ctx = namespaces.WithNamespace(ctx, k.Namespace)
	err = store.VerifyAll(ctx, client.ContentStore(), c, k, func(f store.Finding) {
		a.progress("%s: %s (%s)", k.Image.Name, f.Part, sizeText(f.Bytes))
		v.Findings = append(v.Findings, f)
	})
	v.Whole = err == nil
	if err != nil {
		v.Problem = explain(ctx, err)
		err = fail(exitManifest, "restore from another copy, or take the checkpoint again", "%s: %w", k.Image.Name, err)
	}
	return v, err
}

func (a *app) printVerified(all []verified) {
	for _, v := range all {
		word := "whole"
		if !v.Whole {
			word = "NOT whole"
		}
		s := section{title: v.Ref}
		s.add("checkpoint", "%s, %s", idOr(v.ID, "no database"), word)
		for _, f := range v.Findings {
			if f.Problem != "" {
				s.add(f.Part, "%s", f.Problem)
				continue
			}
			s.add(f.Part, "%s read, as it was sealed", sizeText(f.Bytes))
		}
		printSections(a.out, a.colour(), []section{s, deepSection(v.Deep)})
	}
}
