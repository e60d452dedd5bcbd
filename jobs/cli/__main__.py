"""`python -m jobs.cli`: the same as `hub`, for the supervisor's children and for machines without the script."""

from jobs.cli import main

if __name__ == "__main__":
    main()
