"""`python -m zoo_provenance`."""

from zoo_provenance.cli import main

if __name__ == "__main__":
    main()
