Feature: Medicare: every type of bill, with and without its zero and its frequency digit

  An institutional claim says by its type of bill where the drug was given, and so whether JZ or JW is
  asked for. The last digit is the frequency: 2, 3 and 4 are claims of a longer stay, 7 replaces.

  Background:
    Given the example refill-with-procedure of Medicare for J0945
    And the drug lines carry no JZ
    And the drug lines have no place of service
    And line 2 has no place of service

  Rule: Where the drug is paid on its own, JZ is asked for

    Scenario Outline: An outpatient hospital: <bill>
      Given the claim has bill type <bill>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | bill |
        | 13   |
        | 131  |
        | 132  |
        | 133  |
        | 134  |
        | 137  |
        | 0131 |
        | 0132 |
        | 0133 |
        | 0134 |
        | 0137 |

    Scenario Outline: A critical access hospital: <bill>
      Given the claim has bill type <bill>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | bill |
        | 85   |
        | 851  |
        | 852  |
        | 853  |
        | 854  |
        | 857  |
        | 0851 |
        | 0852 |
        | 0853 |
        | 0854 |
        | 0857 |

  Rule: Where another payment includes the drug, JZ is not asked for

    Scenario Outline: A clinic or a dialysis facility: <bill>
      Given the claim has bill type <bill>
      When the claim is decided
      Then it is approved
      And wastage.in_scope is concluded to be no

      Examples:
        | bill |
        | 71   |
        | 711  |
        | 712  |
        | 713  |
        | 714  |
        | 717  |
        | 0711 |
        | 0712 |
        | 0713 |
        | 0714 |
        | 0717 |
        | 77   |
        | 771  |
        | 772  |
        | 773  |
        | 774  |
        | 777  |
        | 0771 |
        | 0772 |
        | 0773 |
        | 0774 |
        | 0777 |
        | 72   |
        | 721  |
        | 722  |
        | 723  |
        | 724  |
        | 727  |
        | 0721 |
        | 0722 |
        | 0723 |
        | 0724 |
        | 0727 |

    Scenario Outline: An inpatient stay: <bill>
      Given the claim has bill type <bill>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | inpatient-not-separate | CO    | 97   | M2   | 1    |

      Examples:
        | bill |
        | 11   |
        | 111  |
        | 112  |
        | 113  |
        | 114  |
        | 117  |
        | 0111 |
        | 0112 |
        | 0113 |
        | 0114 |
        | 0117 |
