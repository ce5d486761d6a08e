"""Run the command line: python -m hotfolder."""

from hotfolder.cli.app import main

if __name__ == "__main__":
    main()
