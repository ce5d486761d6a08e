"""Run the command line: python -m hotfolder."""

from hotfolder.cli.front import main

if __name__ == "__main__":
    main()
