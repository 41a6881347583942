Feature: Medicare: a request before the service gets the same answer

  Original Medicare needs no preauthorization. A request that comes all the same is decided by the same
  clinical rules as the claim would be; what only a claim can show is not asked of it.

  Rule: A request for a new pump

    Background: A request for a first fill, with everything in order
      Given the example pump-request of Medicare for J0945

    Scenario: A request with everything in order is approved, without claim lines and without an implant
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario Outline: The same reasons deny it as deny a claim: <case>
      Given it is known that <fact and value>
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule   | group | carc | rarc   |
        | <rule> | CO    | 50   | <rarc> |

      Examples:
        | case                     | fact and value                                       | rule                   | rarc |
        | oral therapy a day short | the length of oral therapy is 41 days                | oral-therapy-not-shown | N386 |
        | no favorable response    | the response to the screening trial is not favorable | trial-not-shown        | N674 |
        | an active infection      | an active infection is yes                           | contraindicated        | N386 |

    Scenario: A patient who does not respond to the largest dose is not a candidate
      Given it is known that the response to the screening trial is not favorable
      And it is known that the decisive screening dose is 100 mcg
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule               | group | carc | rarc |
        | trial-not-shown    | CO    | 50   | N674 |
        | trial-nonresponder | CO    | 50   | N674 |

    Scenario Outline: The order of trial and implant is for the claim to show: <case>
      Given it is known that the date of the screening trial is <trial>
      And it is known that the date of the pump implant is 2025-03-03
      When the request is decided
      Then it is approved
      And rule trial-after-implant does not hold
      And rule trial-on-implant-day does not hold

      Examples:
        | case                      | trial      |
        | on the planned day itself | 2025-03-03 |
        | after the planned day     | 2025-03-04 |

    Scenario Outline: What is missing is asked for, and not denied: <case>
      Given nothing is known about <missing>
      When the request is decided
      Then it is pended
      And no rule denies it
      And it first asks for <missing>
      And the information request is CO 252 with N706

      Examples:
        | case                      | missing                                          |
        | what came of oral therapy | the outcome of oral antispasmodics               |
        | how long it was tried     | the length of oral therapy                       |
        | the response              | the response to the screening trial              |
        | an allergy                | allergy or hypersensitivity to baclofen          |
        | an infection              | an active infection                              |
        | the size of the body      | a body too small for the pump                    |
        | another device            | another programmable device that could interfere |

    Scenario Outline: Records and earlier claims are no matter of a request: <case>
      Given it is known that what became of the payer's request for records is <records>
      When the request is decided
      Then it is approved
      And rule records-awaited does not hold
      And rule records-not-supplied does not hold

      Examples:
        | case                | records      |
        | they were asked for | waiting      |
        | they did not come   | not supplied |

  Rule: A request for a screening dose

    Background:
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is trial
      And it is known that contraindication.hypersensitivity is no
      And it is known that contraindication.active_infection is no

    Scenario: It asks for no trial and no oral therapy
      When the request is decided
      Then it is approved
      And it asks nothing

    Scenario: A planned dose above the protocol pends for review
      Given it is known that the dose administered is 101 mcg
      When the request is decided
      Then it is pended
      And the reasons are
        | rule                          |
        | screening-dose-above-protocol |

    Scenario: A contraindication denies it
      Given it is known that contraindication.active_infection is yes
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule            | group | carc | rarc |
        | contraindicated | CO    | 50   | N386 |

  Rule: A request for a new pump in place of an old one

    Scenario Outline: The reason decides: <case>
      Given a preauthorization request to Medicare for J0945 on 2025-03-03
      And the diagnoses G82.51
      And it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is <reason>
      When the request is decided
      Then it is <decision>

      Examples:
        | case           | reason         | decision               |
        | end of battery | end of battery | approved               |
        | irreparable    | irreparable    | approved               |
        | a newer model  | upgrade        | recommended for denial |
        | something else | other          | recommended for denial |
