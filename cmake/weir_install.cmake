# Installs the SDK so that find_package(weir) works from the prefix.
