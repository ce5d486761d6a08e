"""The tests of hotfolder."""
